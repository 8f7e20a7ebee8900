/** A value that can be written in TOML. */
export type TomlValue = string | number | boolean | readonly string[] | Readonly<Record<string, unknown>>;

/** What a schema says against a value. */
export interface SchemaFault {
  readonly issues: readonly { readonly code: string; readonly message: string }[];
}

/** Validates and converts a value: a schema of zod, declared by its form, since zod is bundled. */
export interface ValueSchema<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: SchemaFault };
}

/** One setting: its names, what it is for, what it accepts and its default. */
export interface Setting<T> {
  /**
   * Environment variable. If `secret` is set, the same name with `_FILE` appended names a file that holds the value.
   */
  readonly env: string;
  /** Key in the TOML file. */
  readonly toml: string;
  /** Command-line flag, such as `--source`. */
  readonly flag?: string | undefined;
  /** One letter, such as `-f`. */
  readonly shortFlag?: string | undefined;
  /** The value is never shown, and may come from a file. */
  readonly secret?: boolean | undefined;
  /** The file wins if both it and the variable itself are set. @default it is an error to set both */
  readonly isFilePreferred?: boolean | undefined;
  /** What it is for: one short phrase, without capital and full stop, which `--help` shows on one line. */
  readonly about: string;
  /** Sentences that the documents add to `about`. */
  readonly details?: string | undefined;
  /** What is accepted, as the end of "expected …". */
  readonly accepts: string;
  readonly schema: ValueSchema<T>;
  /** A value that counts as not set, in any case of letters. */
  readonly unsetWord?: string | undefined;
  /** Returns `undefined` if there is no default. */
  readonly defaultValue: () => T;
  /** The default in words, if the value does not say it. */
  readonly defaultText?: string | undefined;
  /** The value in config.example.toml, if the default cannot be written there. */
  readonly example?: TomlValue | undefined;
}

/** Fixes the type of a setting's value. */
export const setting = <T>(definition: Setting<T>): Setting<T> => definition;

/** The `defaultValue` of a setting without one. */
export const noDefault = (): undefined => undefined;
