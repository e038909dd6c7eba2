import { useLoad, useWatch } from "../load.ts";
import { useFirmOf, useSession } from "../session.ts";
import { FileRow } from "../ui/files.tsx";
import { Badge, Loading, NotShown, Page } from "../ui/states.tsx";

/** One file by itself: where notifications about it lead. */
export function FilePage({ id }: { id: string }) {
  const { services, firm } = useSession();
  const { data: file, error, reload, setData } = useLoad(() => services.files.get(id), [id]);
  useFirmOf(file?.firm_id);
  useWatch(services.files.watch, firm.firm_id, {
    ready: reload,
    changed: (changed) => {
      if (changed.id === id) setData(() => changed);
    },
  });
  if (error && !file) return <NotShown title="File" error={error} retry={reload} />;
  if (!file) return <Loading />;

  const place = file.contract_id
    ? { href: `/contracts/${file.contract_id}`, label: "To its contract" }
    : file.company_id
      ? { href: `/companies/${file.company_id}`, label: "To its company" }
      : file.consultant_id
        ? { href: `/consultants/${file.consultant_id}`, label: "To its consultant" }
        : null;
  return (
    <Page
      title={file.name}
      kicker="File"
      badge={<Badge status={file.archived_at ? "archived" : file.status} />}
      actions={
        place && (
          <a class="button" href={place.href}>
            {place.label}
          </a>
        )
      }
    >
      <section class="panel narrow">
        <ul class="files">
          <FileRow file={file} />
        </ul>
      </section>
    </Page>
  );
}
