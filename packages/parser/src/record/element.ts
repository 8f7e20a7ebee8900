/** An element of one record. */
export interface Element {
  name: string;
  /** By name, decoded; `undefined` if there are none. */
  attributes: Map<string, string> | undefined;
  /** By name, each in document order; `undefined` if there are none. */
  children: Map<string, Element[]> | undefined;
  /**
   * Its own character data, decoded and concatenated; at the end, trimmed as its reading requires. Empty if it is white
   * space alone.
   */
  text: string;
}

export const newElement = (name: string): Element => ({
  name,
  attributes: undefined,
  children: undefined,
  text: '',
});

export const addChild = (parent: Element, child: Element): void => {
  parent.children ??= new Map();
  const same = parent.children.get(child.name);
  if (same === undefined) parent.children.set(child.name, [child]);
  else same.push(child);
};
