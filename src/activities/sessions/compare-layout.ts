/** A layout without its checksum and the numbers of its panes, which are another server's. */
export const layoutGeometry = (layout: string): string =>
  layout.replace(/^[0-9a-f]{4},/, '').replaceAll(/(\d+x\d+,\d+,\d+),\d+/g, '$1');

/** Only how panes are nested: what is left of a layout in a window of another size. */
const layoutShape = (layout: string): string => layoutGeometry(layout).replaceAll(/\d+x\d+,\d+,\d+/g, 'p');

interface Laid {
  layout: string;
  width: number;
  height: number;
}

/** A client of another size stretches every pane, which is no damage. */
export const hasLayout = (present: Laid, captured: Laid): boolean =>
  present.width === captured.width && present.height === captured.height
    ? layoutGeometry(present.layout) === layoutGeometry(captured.layout)
    : layoutShape(present.layout) === layoutShape(captured.layout);
