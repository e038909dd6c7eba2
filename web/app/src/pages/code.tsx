import { useLoad } from "../load.ts";
import { useServices } from "../session.ts";
import { Choice, CodeField, Form } from "../ui/form.tsx";
import { ErrorNote, Loading } from "../ui/states.tsx";
import { Entrance } from "./entrance.tsx";

/** The second step of signing in. Nothing of a firm is asked for before. */
export function CodePage() {
  const { auth } = useServices();
  const { data, error, reload } = useLoad(() => auth.factors(), [auth]);
  return (
    <Entrance title="Enter your code" lead="Your authenticator app shows it.">
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading lines={2} />}
      {data?.length === 0 && <p>No device is set up any more: sign out, then in again.</p>}
      {data && data.length > 0 && (
        <Form
          submit="Continue"
          onSubmit={({ device = data[0]?.id ?? "", code = "" }) => auth.verifyFactor(device, code)}
        >
          {data.length > 1 && (
            <Choice
              name="device"
              label="Device"
              options={data.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
          <CodeField hint="Six digits, new ones every half minute." takesFocus />
        </Form>
      )}
      <p class="entrance-end">
        <span>Lost the device? Whoever runs this service can take it off your account.</span>
        <span>
          <button type="button" class="link" onClick={() => auth.signOut()}>
            Sign out
          </button>
        </span>
      </p>
    </Entrance>
  );
}
