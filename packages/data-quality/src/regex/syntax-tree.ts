import type { CodePointSet } from './code-point-set.js';

/** Places that match without a character. The others are compositions of these. */
export type Look =
  | 'start'
  | 'end'
  | 'line-start'
  | 'line-end'
  | 'crlf-line-start'
  | 'crlf-line-end'
  | WordLook
  | `ascii-${WordLook}`;

export type WordLook =
  | 'word-boundary'
  | 'not-word-boundary'
  | 'word-start'
  | 'word-end'
  | 'word-start-half'
  | 'word-end-half';

/** A regular expression. Groups, greediness and names do not matter, since it is only asked whether a text matches. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CodePointSet }
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'concatenation'; readonly nodes: readonly Node[] }
  | { readonly kind: 'alternation'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repetition'; readonly node: Node; readonly min: number; readonly max: number };
