export function closePopover(id: string): void {
  document.getElementById(id)?.hidePopover();
}
