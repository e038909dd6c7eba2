/** Drawn on a grid of 20 in the colour of the text; words always stand beside them. */
const PATHS = {
  bell: "M5 8a5 5 0 0 1 10 0c0 4 1.5 5 1.5 5h-13S5 12 5 8m3 7.5a2 2 0 0 0 4 0",
  check: "m4 10.5 4 4 8-9",
  chevron: "m6 8 4 4 4-4",
  close: "m5 5 10 10M15 5 5 15",
  companies: "M4 17V4h7v13m0-9h5v9M2.5 17h15M6.5 7.5h2m-2 3h2m-2 3h2",
  consultants:
    "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6m-5 7c0-3 2-5 5-5s5 2 5 5m.5-13a3 3 0 0 1 0 6m2 2.500c1.700.7 2.500 2.300 2.500 4.500",
  contracts: "M5 2.500h7l3.500 3.500v11.500H5zM12 2.500V6h3.500M7.500 9.500h5m-5 3h5",
  download: "M10 3v9m-4-3.500 4 4 4-4M3.500 16.500h13",
  file: "M5 2.500h6.500L15 6v11.500H5zM11.500 2.500V6H15",
  members: "M10 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6m-6 7.500c0-3.500 2.500-5.500 6-5.500s6 2 6 5.500",
  plus: "M10 4v12M4 10h12",
  reports: "M3.500 16.500h13M5.500 14V9m4.500 5V4m4.500 10V7",
  search: "M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11m4-1.500 4 4",
  settings:
    "M3 6h8m4 0h2M3 14h2m4 0h8M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4m-6 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4",
  upload: "M10 13V4M6 7.500l4-4 4 4M3.500 16.500h13",
  warning: "M10 3 2.500 16.500h15zm0 5v4m0 2.200v.1",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
