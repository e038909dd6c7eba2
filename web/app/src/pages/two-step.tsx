import type { Factor, Firm, NewFactor } from "@firmbase/services";
import { useState } from "preact/hooks";
import { useFocusAfter, useLoad } from "../load.ts";
import { useSession } from "../session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { CodeField, Field, Form } from "../ui/form.tsx";
import { ErrorNote, Loading } from "../ui/states.tsx";
import { dayOf } from "../words.ts";

/** The devices that are asked for a code when one signs in. */
export function TwoStep() {
  const { services, account } = useSession();
  const { data, error, reload } = useLoad(() => services.auth.factors(), [account.level]);
  const [isAdding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<{ device: Factor; isLast: boolean } | null>(null);
  // The button that was pressed is gone.
  const { heading, expect } = useFocusAfter(data);
  const read = () => {
    expect();
    reload();
  };
  const isOn = data !== undefined && data.length > 0;
  return (
    <section class="panel narrow" aria-labelledby="two-step-title">
      <header class="panel-head">
        <h2 id="two-step-title" tabIndex={-1} ref={heading}>
          Two-step sign-in
        </h2>
        {data && (
          <button type="button" class="button small" onClick={() => setAdding(true)}>
            {isOn ? "Add a device" : "Turn on"}
          </button>
        )}
      </header>
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading lines={2} />}
      {data && (
        <p class="lead">
          {isOn
            ? "After your password you are asked for a code of one of these devices."
            : "It is off: whoever knows your password is in. With it, a code of your phone is asked for as well."}{" "}
          Should you lose your devices, only whoever runs this service can let you in again.
        </p>
      )}
      {isOn && (
        <ul class="people">
          {data.map((one) => (
            <li key={one.id}>
              <p>
                <strong>{one.name}</strong>
                <small>Since {dayOf(one.created_at)}</small>
              </p>
              <button
                type="button"
                class="button small ghost"
                aria-label={`Remove ${one.name}`}
                onClick={() => setLeaving({ device: one, isLast: data.length === 1 })}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      {isAdding && <AddDevice isFirst={!isOn} onClose={() => setAdding(false)} onAdded={read} />}
      {leaving && <RemoveDevice {...leaving} onClose={() => setLeaving(null)} onRemoved={read} />}
    </section>
  );
}

/** Names a device, shows it the secret, and takes the first code of it. */
export function AddDevice(props: { isFirst: boolean; onClose: () => void; onAdded?: () => void }) {
  const { services, say } = useSession();
  const { auth } = services;
  const { isFirst } = props;
  const [device, setDevice] = useState<NewFactor | null>(null);
  if (!device) {
    return (
      <Dialog key="name" title="Which device?" onClose={props.onClose}>
        <Form
          submit="Continue"
          onCancel={props.onClose}
          onSubmit={async ({ name = "" }) => setDevice(await auth.enrolFactor(name))}
        >
          <Field
            name="name"
            label="Name of the device"
            value={isFirst ? "Phone" : ""}
            maxLength={50}
            hint="It needs an authenticator app. Most password managers are one, too."
            required
          />
        </Form>
      </Dialog>
    );
  }
  return (
    <Dialog key="code" title="Scan this with the app" onClose={props.onClose}>
      <div class="set-up">
        <img src={device.qr} alt="QR code for an authenticator app" />
        <div>
          <p class="lead">Or type it into the app:</p>
          <code>{device.secret.replace(/.{4}(?=.)/g, "$& ")}</code>
          <a class="for-touch" href={device.uri}>
            Open the app on this device
          </a>
        </div>
      </div>
      <Form
        submit={isFirst ? "Turn on" : "Add the device"}
        onCancel={props.onClose}
        onSubmit={async ({ code = "" }) => {
          await auth.verifyFactor(device.id, code);
          say(
            isFirst
              ? "Two-step sign-in is on. Elsewhere you have to sign in again."
              : "The device is added.",
          );
          props.onClose();
          props.onAdded?.();
        }}
      >
        <CodeField hint="The six digits that the app shows now." takesFocus />
      </Form>
    </Dialog>
  );
}

function RemoveDevice(props: {
  device: Factor;
  isLast: boolean;
  onClose: () => void;
  onRemoved: () => void;
}) {
  const { services, say } = useSession();
  const { device, isLast } = props;
  return (
    <Dialog
      title={isLast ? "Turn off two-step sign-in?" : `Remove “${device.name}”?`}
      onClose={props.onClose}
    >
      <Form
        submit={isLast ? "Turn off" : "Remove"}
        onCancel={props.onClose}
        onSubmit={async () => {
          await services.auth.removeFactor(device.id);
          say(isLast ? "Two-step sign-in is off." : `${device.name} is removed.`);
          props.onClose();
          props.onRemoved();
        }}
      >
        <p class="lead">
          {isLast
            ? "Your password alone is enough then, and firms that require two-step sign-in are closed to you."
            : "Its codes count no longer."}
        </p>
      </Form>
    </Dialog>
  );
}

/** Whether the firm requires it of everybody. For admins. */
export function RequireTwoStep(props: { firm: Firm; onChange: (firm: Firm) => void }) {
  const { services, account, say } = useSession();
  const [isAsking, setAsking] = useState(false);
  const { id, name, require_mfa: isRequired } = props.firm;
  return (
    <section class="panel narrow" aria-labelledby="require-title">
      <header class="panel-head">
        <h2 id="require-title">Two-step sign-in for everybody</h2>
        {account.level === "aal2" && (
          <button type="button" class="button small" onClick={() => setAsking(true)}>
            {isRequired ? "Require it no longer" : "Require it"}
          </button>
        )}
      </header>
      <p class="lead">
        {isRequired
          ? `${name} requires it: whoever has not turned it on sees nothing of the firm.`
          : `${name} does not require it.`}{" "}
        {account.level === "aal1" && "Turn on your own before you require it of others."}
      </p>
      {isAsking && (
        <Dialog
          title={isRequired ? "Require it no longer?" : "Require two-step sign-in?"}
          onClose={() => setAsking(false)}
        >
          <Form
            submit={isRequired ? "Require it no longer" : "Require it"}
            onCancel={() => setAsking(false)}
            onSubmit={async () => {
              props.onChange(await services.firms.setRequireMfa(id, !isRequired));
              setAsking(false);
              say(isRequired ? "It is no longer required." : "It is required from now on.");
            }}
          >
            <p class="lead">
              {isRequired
                ? "A password alone lets people into the firm again."
                : "Members and consultants who have not turned it on see nothing of the firm until they do. They are told so."}
            </p>
          </Form>
        </Dialog>
      )}
    </section>
  );
}
