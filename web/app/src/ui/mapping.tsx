import {
  IMPORT_FIELDS,
  type Import,
  type ImportMapping,
  mappingOf,
  ServiceError,
} from "@firmbase/services";
import { useId } from "preact/hooks";
import { word } from "../words.ts";
import { Form } from "./form.tsx";

const ONE_OF = new Intl.ListFormat("en-GB", { type: "disjunction" });
const ALL_OF = new Intl.ListFormat("en-GB");

/** What each column of a file is: people say it where its header does not. */
export function Mapping(props: {
  row: Import;
  /** The field of each column, as it was chosen here. */
  fields: readonly (string | null)[];
  submit: string | null;
  onChange: (place: number, field: string | null) => void;
  onSubmit: (mapping: ImportMapping) => Promise<void>;
}) {
  const { row, fields } = props;
  const { kind, columns } = row;
  const given = fields.filter((field) => field !== null);
  const twice = given.find((field, n) => given.indexOf(field) < n);
  const { keys, needed } = IMPORT_FIELDS[kind];
  const keyless = keys.some((key) => given.includes(key))
    ? null
    : `Nothing says which entry is meant: choose a column for ${ONE_OF.format(keys.map(word))}.`;
  const missing = needed.filter((field) => !given.includes(field)).map(word);

  const send = () => {
    if (twice) {
      throw new ServiceError("duplicate_column", `Two columns cannot both be ${word(twice)}.`, {
        hint: "Choose something else for one of them.",
        field: twice,
      });
    }
    if (keyless) throw new ServiceError("no_key_column", keyless);
    return props.onSubmit(mappingOf(row, fields));
  };

  return (
    <section class="panel narrow" aria-labelledby="columns-title">
      <header class="panel-head">
        <h2 id="columns-title">Columns</h2>
      </header>
      <Form submit={props.submit} onSubmit={async () => send()}>
        <div class="stack" role="status">
          <p class="lead">
            {given.length} of {columns.length} columns {columns.length === 1 ? "is" : "are"}{" "}
            imported.
          </p>
          {(keyless || missing.length > 0) && (
            <div class="note warn">
              <p>
                {keyless}{" "}
                {missing.length > 0 &&
                  `Without a column for ${ALL_OF.format(missing)} no new ${kind} are created.`}
              </p>
            </div>
          )}
        </div>
        <ul class="mapping">
          {columns.map(({ column }, n) => (
            <Column
              key={n}
              place={n + 1}
              name={column}
              field={fields[n] ?? null}
              options={IMPORT_FIELDS[kind].fields}
              isTwice={given.filter((field) => field === fields[n]).length > 1}
              onChange={(field) => props.onChange(n, field)}
            />
          ))}
        </ul>
      </Form>
    </section>
  );
}

function Column(props: {
  place: number;
  name: string;
  field: string | null;
  options: readonly string[];
  isTwice: boolean;
  onChange: (field: string | null) => void;
}) {
  const id = useId();
  const { name, field } = props;
  const place = <span class="number">{props.place}</span>;
  if (!name) {
    return (
      <li>
        <span class="unknown">{place} No name</span>
        <span class="unknown">Not imported: name it in the file.</span>
      </li>
    );
  }
  return (
    <li>
      <label for={id}>
        {place} {name}
      </label>
      <div class="field">
        <select
          id={id}
          value={field ?? ""}
          aria-invalid={props.isTwice ? "true" : undefined}
          aria-describedby={props.isTwice ? `${id}-wrong` : undefined}
          onChange={(event) => props.onChange(event.currentTarget.value || null)}
        >
          <option value="">Not imported</option>
          {props.options.map((one) => (
            <option key={one} value={one}>
              {word(one)}
            </option>
          ))}
        </select>
        {field && props.isTwice && (
          <p class="field-wrong" id={`${id}-wrong`}>
            Another column is {word(field)} too.
          </p>
        )}
      </div>
    </li>
  );
}
