import type { ServiceError } from "@firmbase/services";
import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { asServiceError } from "../load.ts";
import { word } from "../words.ts";
import { ErrorNote } from "./states.tsx";

export type Values = Record<string, string>;

const FormError = createContext<ServiceError | null>(null);

/** A form that says what is wrong where it is wrong, and is not sent twice. */
export function Form(props: {
  /** Null where there is nothing to send. */
  submit: string | null;
  onSubmit: (values: Values) => Promise<void>;
  onCancel?: () => void;
  children: ComponentChildren;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ServiceError | null>(null);
  const [isTold, setTold] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const send = async (event: Event) => {
    event.preventDefault();
    if (isBusy || !form.current) return;
    const entries = [...new FormData(form.current)].map(([name, value]) => [
      name,
      // A password may begin or end with a space.
      name === "password" ? String(value) : String(value).trim(),
    ]);
    setBusy(true);
    setError(null);
    try {
      await props.onSubmit(Object.fromEntries(entries));
    } catch (reason) {
      setError(asServiceError(reason));
    }
    setBusy(false);
  };
  useLayoutEffect(() => {
    const wrong = error?.field
      ? form.current?.querySelector<HTMLInputElement>('[aria-invalid="true"]')
      : null;
    // By the field itself; one of several that are wrong together says only its part.
    setTold(Boolean(wrong) && wrong?.name === error?.field);
    wrong?.focus();
    // A code is typed anew, not corrected.
    if (wrong?.autocomplete === "one-time-code") wrong.select();
  }, [error]);

  return (
    <form
      class="form"
      ref={form}
      onSubmit={send}
      // What was wrong may be right by now.
      onInput={() => setError(null)}
      aria-busy={isBusy}
    >
      <FormError.Provider value={error}>{props.children}</FormError.Provider>
      {props.submit && (
        <div class="form-foot">
          {error && !isTold && <ErrorNote error={error} />}
          <div class="form-end">
            {/* Not disabled, which would take the focus from it. */}
            <button type="submit" class="button primary" aria-disabled={isBusy}>
              {isBusy ? "One moment …" : props.submit}
            </button>
            {props.onCancel && (
              <button type="button" class="button" onClick={props.onCancel}>
                Cancel
              </button>
            )}
          </div>
        </div>
      )}
    </form>
  );
}

type InputAttributes = Pick<
  JSX.IntrinsicElements["input"],
  | "type"
  | "required"
  | "autocomplete"
  | "inputmode"
  | "minLength"
  | "maxLength"
  | "pattern"
  | "min"
  | "step"
  | "placeholder"
>;

export function Field(
  props: InputAttributes & { name: string; label: string; hint?: string; value?: string | null },
) {
  const { name, label, hint, value, ...attributes } = props;
  const { id, wrong, described } = useField(name, hint);
  return (
    <div class="field">
      <label for={id}>
        {label} {!attributes.required && <span class="optional">optional</span>}
      </label>
      <input
        id={id}
        name={name}
        defaultValue={value ?? ""}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={described}
        {...(attributes as object)}
      />
      <FieldNotes id={id} hint={hint} wrong={wrong} />
    </div>
  );
}

/** As Auth takes it. */
export const NewPasswordField = (props: { label: string; hint?: string }) => (
  <Field
    {...props}
    name="password"
    type="password"
    autocomplete="new-password"
    minLength={8}
    required
  />
);

/** Six digits of a mail or an app, also pasted with spaces between them. */
export function CodeField({ hint, takesFocus }: { hint: string; takesFocus?: boolean }) {
  const { id, wrong, described } = useField("code", hint);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (takesFocus) input.current?.focus();
  }, []);
  return (
    <div class="field">
      <label for={id}>Code</label>
      <input
        ref={input}
        id={id}
        class="code"
        name="code"
        autocomplete="one-time-code"
        inputmode="numeric"
        pattern="[0-9]{6}"
        title="Six digits"
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={described}
        onInput={({ currentTarget }) => {
          const digits = currentTarget.value.replace(/[^0-9]/g, "").slice(0, 6);
          if (digits !== currentTarget.value) currentTarget.value = digits;
        }}
        required
      />
      <FieldNotes id={id} hint={hint} wrong={wrong} />
    </div>
  );
}

export function Choice(props: {
  name: string;
  label: string;
  options: readonly (string | { value: string; label: string })[];
  value?: string | null;
  hint?: string;
  onChange?: (value: string) => void;
}) {
  const { id, wrong, described } = useField(props.name, props.hint);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        name={props.name}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={described}
        onChange={(event) => props.onChange?.(event.currentTarget.value)}
      >
        {props.options.map((option) => {
          const { value, label } =
            typeof option === "string" ? { value: option, label: word(option) } : option;
          return (
            <option key={value} value={value} selected={value === props.value}>
              {label}
            </option>
          );
        })}
      </select>
      <FieldNotes id={id} hint={props.hint} wrong={wrong} />
    </div>
  );
}

function useField(name: string, hint: string | undefined) {
  const error = useContext(FormError);
  const id = useId();
  const wrong = error?.field === name ? error : null;
  const notes = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return { id, wrong, described: notes || undefined };
}

function FieldNotes(props: { id: string; hint: string | undefined; wrong: ServiceError | null }) {
  return (
    <>
      {props.wrong && (
        <p class="field-wrong" role="alert" id={`${props.id}-wrong`}>
          {props.wrong.message}
        </p>
      )}
      {props.hint && (
        <p class="field-hint" id={`${props.id}-hint`}>
          {props.hint}
        </p>
      )}
    </>
  );
}

/** What was left empty is unknown, not an empty text. */
export const orNull = (value: string | undefined): string | null => value || null;
export const orNumber = (value: string | undefined): number | null =>
  value ? Number(value) : null;
