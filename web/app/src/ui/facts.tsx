import type { ComponentChildren } from "preact";

/** What is known of something; what is not known says so. */
export function Facts({ facts }: { facts: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value || <span class="unknown">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
