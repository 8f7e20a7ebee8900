/**
 * The forms that the dumps have had over the years, each named by its first year.
 *
 * | era | what is different |
 * |---|---|
 * | `2008` | no root element, control characters, bare `&`, invalid UTF-8 (each rare): **not** well-formed XML |
 * | `2014` | image URIs filled in, tracks with `sub_tracks` |
 * | `2015` | image URIs blanked |
 * | `2017` | `<master_id is_main_release="true">` |
 * | `2020` | the default: the form of the real excerpts, non-ASCII characters as decimal references |
 * | `2023` | elements that hold only white space (`<anv>\n</anv>`) |
 * | `2024` | no images; artists without links have an empty id; some artists and labels have no name |
 * | `2025` | members without id elements, nested `<series>`, empty elements omitted, unstable attribute order |
 *
 * All but `2008` are well-formed, valid UTF-8, and free of control characters.
 */
export const ERAS = ['2008', '2014', '2015', '2017', '2020', '2023', '2024', '2025'] as const;

/** One of {@link ERAS}. */
export type Era = (typeof ERAS)[number];

export const isEra = (value: unknown): value is Era => ERAS.includes(value as Era);
