import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

/** The browser's own modal dialog: it keeps the focus, and Escape closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = useRef(true);
  const id = useId();
  // At once: who goes on typing types into it.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Not on the button that closes it, which comes first.
    element?.querySelector<HTMLElement>("input, select, textarea")?.focus();
    return () => {
      // What the browser says of it later is about no dialog that may be open by then.
      isOpen.current = false;
      // Gives the focus back to where it was.
      element?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // Now, not when the browser gets to tell that it is closed.
        event.preventDefault();
        props.onClose();
      }}
      onClose={() => isOpen.current && props.onClose()}
    >
      <div class="dialog-head">
        <h2 id={id}>{props.title}</h2>
        <button
          type="button"
          class="button ghost icon-only"
          aria-label="Close"
          onClick={props.onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      {props.children}
    </dialog>
  );
}
