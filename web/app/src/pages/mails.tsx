import { DELIVERIES, type Delivery, type ServiceError } from "@firmbase/services";
import { useId, useRef, useState } from "preact/hooks";
import { asServiceError, useLoad } from "../load.ts";
import { useSession } from "../session.ts";
import { ErrorNote, Loading, Page } from "../ui/states.tsx";

const WORDS: Record<Delivery, string> = { now: "At once", digest: "Daily", off: "No mail" };

/** Where the last line of every mail to a member leads. */
export function MailsPage() {
  return (
    <Page title="Mails" kicker={<a href="/settings">Settings</a>}>
      <Mails />
    </Page>
  );
}

/** Which mails of the firm one gets; every choice is kept at once. */
export function Mails() {
  const { services, firm, firms, say } = useSession();
  const { notifications } = services;
  const { data, error, reload, setData } = useLoad(
    () => notifications.settings(firm.firm_id),
    [firm.firm_id],
  );
  const [refusal, setRefusal] = useState<ServiceError | null>(null);
  /** What is on its way: shown already, and taken back where it is refused. */
  const [chosen, setChosen] = useState<Record<string, Delivery | undefined>>({});
  // Arrow keys choose quickly: what was chosen last is also what is kept last.
  const last = useRef(Promise.resolve());

  const choose = (kind: string, delivery: Delivery) => {
    setChosen((all) => ({ ...all, [kind]: delivery }));
    last.current = last.current.then(async () => {
      try {
        await notifications.choose(firm.firm_id, kind, delivery);
        setData((seen) => seen?.map((one) => (one.kind === kind ? { ...one, delivery } : one)));
        setRefusal(null);
        say("Saved.");
      } catch (reason) {
        setRefusal(asServiceError(reason));
      }
      setChosen((all) => (all[kind] === delivery ? { ...all, [kind]: undefined } : all));
    });
  };
  const shown = data?.map((one) => ({ ...one, delivery: chosen[one.kind] ?? one.delivery }));
  const daily = shown?.find((one) => one.kind === "digest");
  const waiting = shown?.some((one) => one !== daily && one.delivery === "digest");
  return (
    <section class="panel narrow" aria-labelledby="mails-title">
      <header class="panel-head">
        <h2 id="mails-title">Mails of {firm.name}</h2>
      </header>
      <p class="lead">
        Under the bell you are told everything, whatever you choose here. Daily mails come at eight
        in the morning. {firms.length > 1 && "Each of your firms has its own."}
      </p>
      {refusal && <ErrorNote error={refusal} />}
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading lines={6} />}
      {shown && (
        <ul class="choices">
          {shown
            .toSorted((a, b) => Number(a === daily) - Number(b === daily))
            .map(({ kind, delivery, what }) => (
              <li key={kind}>
                <Segments
                  label={what}
                  value={delivery}
                  options={kind === "digest" ? ["digest", "off"] : DELIVERIES}
                  onChange={(chosen) => choose(kind, chosen)}
                />
              </li>
            ))}
        </ul>
      )}
      {daily?.delivery === "off" && waiting && (
        <p class="lead">
          As you get no daily mail, what is set to daily is told under the bell only.
        </p>
      )}
    </section>
  );
}

function Segments(props: {
  label: string;
  value: Delivery;
  options: readonly Delivery[];
  onChange: (chosen: Delivery) => void;
}) {
  const id = useId();
  return (
    <div class="choice" role="radiogroup" aria-labelledby={id}>
      <span id={id}>{props.label}</span>
      <span class="segments">
        {props.options.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name={id}
              value={one}
              checked={one === props.value}
              onChange={() => props.onChange(one)}
            />
            <span>{WORDS[one]}</span>
          </label>
        ))}
      </span>
    </div>
  );
}
