import type { XmlObject, XmlValue } from '../record/types.js';
import { BATCH_WIDTH, type PackedRecords, STEP, STEP_BITS, STEP_MASK } from './steps.js';

/** Makes an object of the values from a place of the stack on. */
type MakeObject = (stack: readonly XmlValue[], from: number) => XmlObject;

/** Objects with the same names in the same order. */
interface Shape {
  readonly names: readonly string[];
  /** Where `@id` and `id` are among the names, or -1. */
  readonly attributeId: number;
  readonly childId: number;
  /** By the name that comes next. */
  readonly longer: Map<string, Shape>;
  /** How many objects were made. */
  made: number;
  make: MakeObject;
}

/** Dumps have some hundred shapes. When there are so many, all are forgotten. */
const MAX_SHAPES = 20_000;

/** A function for a shape costs as much as some hundred objects, and objects of many members are rare. */
const MIN_MADE = 20;
const MAX_NAMES = 100;

const newShape = (names: readonly string[]): Shape => {
  const shape: Shape = {
    names,
    attributeId: names.indexOf('@id'),
    childId: names.indexOf('id'),
    longer: new Map(),
    made: 0,
    make: (stack, from) => {
      shape.made++;
      if (shape.made === MIN_MADE && names.length <= MAX_NAMES) shape.make = compile(names) ?? shape.make;
      return makeSlowly(names, stack, from);
    },
  };
  return shape;
};

const PROTO = '__proto__';

const makeSlowly = (names: readonly string[], stack: readonly XmlValue[], from: number): XmlObject => {
  const object: XmlObject = {};
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const value = stack[from + index]!;
    // An assignment would not add a member of this name.
    if (name === PROTO) Object.defineProperty(object, name, { value, ...MEMBER });
    else object[name] = value;
  }
  return object;
};

const MEMBER = { configurable: true, enumerable: true, writable: true } as const;

/**
 * A function that makes such objects by an object literal, which is ten times as fast as to add member by member.
 * `undefined` if the process does not allow code from strings (`--disallow-code-generation-from-strings`).
 */
const compile = (names: readonly string[]): MakeObject | undefined => {
  // JSON strings are valid in JavaScript. As a computed name, `__proto__` is a member like any other.
  const members = names.map((name, index) => {
    const key = JSON.stringify(name);
    return `${name === PROTO ? `[${key}]` : key}:stack[from+${index}]`;
  });
  try {
    return new Function('stack', 'from', `return {${members.join(',')}};`) as MakeObject;
  } catch {
    return undefined;
  }
};

let root = newShape([]);
let shapeCount = 0;

const longerShape = (shape: Shape, name: string): Shape => {
  let longer = shape.longer.get(name);
  if (longer === undefined) {
    longer = newShape([...shape.names, name]);
    shape.longer.set(name, longer);
    shapeCount++;
  }
  return longer;
};

const shapesOf = ({ names, parents }: PackedRecords): Shape[] => {
  if (shapeCount > MAX_SHAPES) {
    root = newShape([]);
    shapeCount = 0;
  }
  const shapes = [root];
  for (const [index, name] of (JSON.parse(names) as string[]).entries()) {
    shapes.push(longerShape(shapes[parents[index]!]!, name));
  }
  return shapes;
};

/**
 * The short strings of a batch. `JSON.parse` takes several times as long for these: V8 looks each one up in a table of
 * all short strings.
 *
 * @param text - all of them, one after the other
 */
const cutShort = (text: string, bytes: Buffer, lengthsStart: number, lengthsEnd: number): string[] => {
  const count = lengthsEnd - lengthsStart;
  const strings = new Array<string>(count);
  let from = 0;
  for (let index = 0; index < count; index++) {
    const to = from + bytes[lengthsStart + index]!;
    strings[index] = text.substring(from, to);
    from = to;
  }
  return strings;
};

/** As `recordIdOf`, which would have to look for names in objects of hundreds of shapes. */
const idOf = ({ attributeId, childId }: Shape, stack: readonly XmlValue[]): XmlValue =>
  (attributeId === -1 ? null : stack[attributeId]!) ?? (childId === -1 ? null : stack[childId]!);

/** Makes the objects of packed records, one after the other. */
export class Unpacker {
  readonly #bytes: Buffer;
  readonly #batches: Int32Array;
  readonly #shapes: readonly Shape[];
  /** Whether each record is followed by its id as a value. */
  readonly #hasIds: boolean;
  readonly #stack: XmlValue[] = [];
  #batch = 0;
  #short: readonly string[] = [];
  #ascii: readonly XmlValue[] = [];
  #wide: readonly XmlValue[] = [];
  #steps: Int32Array = new Int32Array(0);
  #step = 0;
  /** Of the record that was returned last, unless it is whole: its `@id`, or else its `id`. */
  id: XmlValue = null;
  /** Whether the record that was returned last was packed as one value, with all its fields. */
  isWhole = false;

  constructor(bytes: Uint8Array, packed: PackedRecords, hasIds: boolean) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#batches = packed.batches;
    this.#shapes = shapesOf(packed);
    this.#hasIds = hasIds;
  }

  /** The next record. There has to be one. */
  next(): XmlObject {
    if (this.#step === this.#steps.length) this.#openBatch();
    const steps = this.#steps;
    const short = this.#short;
    const ascii = this.#ascii;
    const wide = this.#wide;
    const stack = this.#stack;
    const shapes = this.#shapes;
    let at = this.#step;
    let top = 0;
    for (;;) {
      const step = steps[at++]!;
      const number = step >> STEP_BITS;
      switch (step & STEP_MASK) {
        case STEP.short:
          stack[top++] = short[number]!;
          break;
        case STEP.ascii:
          stack[top++] = ascii[number]!;
          break;
        case STEP.wide:
          stack[top++] = wide[number]!;
          break;
        case STEP.null:
          stack[top++] = null;
          break;
        case STEP.array:
          top -= number;
          stack[top] = stack.slice(top, top + number);
          top++;
          break;
        case STEP.object: {
          const shape = shapes[number]!;
          top -= shape.names.length;
          if (top === 0) this.id = idOf(shape, stack);
          stack[top] = shape.make(stack, top);
          top++;
          break;
        }
        default:
          this.#step = at;
          this.isWhole = number === 1;
          if (this.#hasIds) this.id = stack[1]!;
          return stack[0] as XmlObject;
      }
    }
  }

  #openBatch(): void {
    const batches = this.#batches;
    const at = this.#batch;
    this.#batch += BATCH_WIDTH;
    const [shortStart, lengthsStart, asciiStart, wideStart, wideEnd, stepsStart, stepsEnd] = batches.subarray(
      at,
      at + BATCH_WIDTH,
    );
    const bytes = this.#bytes;
    this.#short = cutShort(bytes.toString('latin1', shortStart, lengthsStart), bytes, lengthsStart!, asciiStart!);
    this.#ascii = asciiStart === wideStart ? [] : JSON.parse(bytes.toString('latin1', asciiStart, wideStart));
    this.#wide = wideStart === wideEnd ? [] : JSON.parse(bytes.toString('utf8', wideStart, wideEnd));
    this.#steps = new Int32Array(bytes.buffer, bytes.byteOffset + stepsStart!, (stepsEnd! - stepsStart!) >> 2);
    this.#step = 0;
  }
}
