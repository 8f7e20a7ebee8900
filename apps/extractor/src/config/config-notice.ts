/** What the operator should know about settings that are valid. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn';
  readonly text: string;
}
