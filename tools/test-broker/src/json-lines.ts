import type { Interface } from 'node:readline';
import type { Writable } from 'node:stream';

/** Writes a message as one line of JSON. */
export const writeMessage = <T>(target: Writable, message: T): void => {
  target.write(`${JSON.stringify(message)}\n`);
};

/** Calls `onMessage` for each line that comes. */
export const readMessages = <T>(lines: Interface, onMessage: (message: T) => void): void => {
  lines.on('line', (line) => onMessage(JSON.parse(line) as T));
};
