import { Empty, Page } from "../ui/states.tsx";

export function NotFound() {
  return (
    <Page title="No such page">
      <Empty icon="search" title="There is nothing at this address">
        <p>It may be archived, or belong to a firm that you are not in.</p>
        <a class="button primary" href="/contracts">
          To the contracts
        </a>
      </Empty>
    </Page>
  );
}
