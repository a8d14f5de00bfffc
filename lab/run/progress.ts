/** Tells whoever started the system what goes on. */
export type Progress = {
  /** A step begins; the function returned ends it. */
  begin(step: string): (detail?: string) => void;
  /** One line of news: a restart, something cleaned up. */
  say(line: string): void;
};
