import { useState } from "preact/hooks";
import { useServices } from "../session.ts";
import { Form } from "../ui/form.tsx";
import { word } from "../words.ts";
import { Entrance } from "./entrance.tsx";

/** Of those who may have no account: their mails cannot be chosen in the app. */
const NOT_CHOSEN = ["invitation", "signing_request"];

/**
 * Where the last line of every mail leads. It needs no account; the token stands behind the #,
 * which no server sees. Opening it changes nothing, as scanners of mails follow every link.
 */
export function UnsubscribePage() {
  const { notifications } = useServices();
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  const [isValid, setValid] = useState(token !== "");
  const [done, setDone] = useState<{ firm: string; kind: string } | null>(null);
  if (done) {
    const isChosen = !NOT_CHOSEN.includes(done.kind);
    return (
      <Entrance
        title="No more of these mails"
        lead={`${done.firm} sends you none of the kind “${word(done.kind)}” from now on.`}
      >
        <p class="lead">
          {isChosen
            ? "In the app you are told as before."
            : "If you want them again, tell the firm. You can close this page."}
        </p>
        {isChosen && (
          <p class="entrance-end">
            <a href="/settings/notifications">Choose which mails you get</a>
          </p>
        )}
      </Entrance>
    );
  }
  if (!isValid) {
    return (
      <Entrance
        title="This link does not work"
        lead="Nothing was changed. Use the whole link, as it stands in the last line of the mail."
        children={null}
      />
    );
  }
  return (
    <Entrance
      title="No more of these mails?"
      lead="You get no more mails like the one you came from: of its kind, from that firm. All others still come."
    >
      <Form
        submit="Stop these mails"
        onSubmit={async () => {
          try {
            setDone(await notifications.unsubscribe(token));
          } catch (error) {
            if ((error as { code?: string }).code !== "unknown_token") throw error;
            setValid(false);
          }
        }}
      >
        {null}
      </Form>
    </Entrance>
  );
}
