/** A fenced block of a README. */
export interface Example {
  /** `js`, `ts`, `sh`, `json`, `toml`, … */
  readonly language: string;
  readonly code: string;
  /** Line of the README at which the code begins, from 1. */
  readonly line: number;
}

/** Returns the fenced blocks of a README that name their language, in order. */
export const parseExamples = (readme: string): Example[] => {
  const examples: Example[] = [];
  const lines = readme.split('\n');
  let open: { fence: string; language: string; from: number } | undefined;
  for (const [at, line] of lines.entries()) {
    const fence = /^(`{3,})\s*(\S*)/.exec(line);
    if (!fence) continue;
    if (open === undefined) open = { fence: fence[1]!, language: fence[2]!, from: at + 1 };
    else if (line === open.fence) {
      if (open.language !== '') {
        const code = `${lines.slice(open.from, at).join('\n')}\n`;
        examples.push({ language: open.language, code, line: open.from + 1 });
      }
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`The fenced block that begins at line ${open.from} has no end`);
  return examples;
};
