/** A well-formed dump of `count` artists, numbered from 1. */
export const artistsXml = (count: number): Buffer => {
  const records = Array.from(
    { length: count },
    (_, index) => `<artist><id>${index + 1}</id><name>N${index}</name></artist>`,
  );
  return Buffer.from(`<artists>\n${records.join('\n')}\n</artists>\n`);
};
