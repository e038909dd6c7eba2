import { ServiceError } from "@firmbase/services";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go } from "../router.ts";
import { useServices } from "../session.ts";
import { CodeField, Field, Form, NewPasswordField } from "../ui/form.tsx";
import { Offline } from "../ui/shell.tsx";
import { ErrorNote } from "../ui/states.tsx";

const MAILED = "Six digits. No mail? Look into the folder for spam.";

/** The frame of every page for people who are not inside yet. */
export function Entrance(props: { title: string; lead?: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(props.title);
  useEffect(() => {
    document.title = `${props.title} · Firmbase`;
    // The button that was pressed is gone: whoever listens hears what came of it.
    const isLost = document.activeElement === document.body;
    if (props.title !== shown.current && isLost) heading.current?.focus();
    shown.current = props.title;
  }, [props.title]);
  return (
    <main class="entrance">
      <div class="entrance-card">
        <p class="brand">
          <img src="/icon.svg" alt="" width="28" height="28" /> Firmbase
        </p>
        <Offline />
        <h1 tabIndex={-1} ref={heading}>
          {props.title}
        </h1>
        {props.lead && <p class="lead">{props.lead}</p>}
        {props.children}
      </div>
    </main>
  );
}

const OLD_LINK = new ServiceError("otp_expired", "This link does not work any more.", {
  hint: "It does once, for one hour. Sign in, or ask for another mail.",
});

export function SignIn({ lead = "Your firm's clients, people and contracts." }: { lead?: string }) {
  const { auth } = useServices();
  const [unconfirmed, setUnconfirmed] = useState<string | null>(null);
  if (unconfirmed) return <ConfirmAddress email={unconfirmed} />;
  // Where Auth says that a link of a mail is none, or none any more.
  const isRefused = new URLSearchParams(location.hash.slice(1)).has("error_code");
  return (
    <Entrance title="Sign in" lead={lead}>
      {isRefused && <ErrorNote error={OLD_LINK} />}
      <Form
        submit="Sign in"
        onSubmit={async ({ email = "", password = "" }) => {
          try {
            await auth.signIn(email, password);
          } catch (error) {
            if ((error as { code?: string }).code !== "email_not_confirmed") throw error;
            await auth.resendCode(email);
            setUnconfirmed(email);
          }
        }}
      >
        <Field name="email" label="E-mail address" type="email" autocomplete="username" required />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          required
        />
      </Form>
      <p class="entrance-end">
        <a href="/forgot-password">Forgot your password?</a>
        <span>
          New here? <a href="/sign-up">Create an account</a>
        </span>
      </p>
    </Entrance>
  );
}

export function SignUp({ lead = "It takes a minute." }: { lead?: string }) {
  const { auth } = useServices();
  const [email, setEmail] = useState<string | null>(null);
  if (email) return <ConfirmAddress email={email} />;
  return (
    <Entrance title="Create an account" lead={lead}>
      <Form
        submit="Create account"
        onSubmit={async ({ name = "", email: address = "", password = "" }) => {
          await auth.signUp({ name, email: address, password });
          setEmail(address);
        }}
      >
        <Field name="name" label="Your name" autocomplete="name" maxLength={100} required />
        <Field name="email" label="E-mail address" type="email" autocomplete="username" required />
        <NewPasswordField
          label="Password"
          hint="At least 8 characters; a sentence is easy to remember."
        />
      </Form>
      <p class="entrance-end">
        <span>
          You have an account? <a href="/sign-in">Sign in</a>
        </span>
      </p>
    </Entrance>
  );
}

function ConfirmAddress({ email }: { email: string }) {
  const { auth } = useServices();
  return (
    <Entrance title="Look into your mailbox" lead={`We sent a code to ${email}.`}>
      <Form
        submit="Confirm"
        onSubmit={async ({ code = "" }) => {
          await auth.confirm(email, code);
        }}
      >
        <CodeField hint={MAILED} />
      </Form>
    </Entrance>
  );
}

export function ForgotPassword() {
  const { auth } = useServices();
  const [email, setEmail] = useState<string | null>(null);
  if (!email) {
    return (
      <Entrance title="A new password" lead="We mail you a code to set one.">
        <Form
          submit="Send the code"
          onSubmit={async ({ email: address = "" }) => {
            await auth.forgotPassword(address);
            setEmail(address);
          }}
        >
          <Field
            name="email"
            label="E-mail address"
            type="email"
            autocomplete="username"
            required
          />
        </Form>
        <p class="entrance-end">
          <a href="/sign-in">Back to sign-in</a>
        </p>
      </Entrance>
    );
  }
  return (
    <Entrance
      title="Look into your mailbox"
      lead={`If there is an account with ${email}, a code is on its way.`}
    >
      <Form
        submit="Set the password"
        onSubmit={async ({ code = "", password = "" }) => {
          try {
            await auth.resetPassword(email, code, password);
          } catch (error) {
            if (!(await auth.account())) throw error;
            // Signed in by the mail, and this page is gone: it was the password that was refused, or
            // it has to wait for the second step. There it is asked for once more.
            go("/settings/password", { replace: true });
          }
        }}
      >
        <CodeField hint={MAILED} />
        <NewPasswordField label="New password" />
      </Form>
    </Entrance>
  );
}
