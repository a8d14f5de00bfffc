import { Argument, Command } from "commander";

import { print } from "./terminal";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];
type Entry = { path: string; words: { word: string; help: string }[] };

export function completionCommand(): Command {
  return new Command("completion")
    .description("print a completion script: source <(./symphony completion bash)")
    .addArgument(new Argument("<shell>", "your shell").choices(shells))
    .action((shell: Shell, _options: unknown, command: Command) => {
      const program = command.parent;
      if (program !== null) print(renderCompletion(program, shell));
    });
}

/** What may follow each command: its subcommands and its options, from commander's own tree. */
function entriesOf(command: Command, path: string[] = []): Entry[] {
  const subcommands = command.commands.map((sub) => ({ word: sub.name(), help: sub.description() }));
  const options = command.options.flatMap((option) =>
    [option.long, option.short]
      .filter((word) => word !== undefined && word !== null)
      .map((word) => ({ word, help: option.description })),
  );
  const choices = command.registeredArguments.flatMap((argument) =>
    (argument.argChoices ?? []).map((word) => ({ word, help: argument.description })),
  );
  const words = [...subcommands, ...choices, ...options, { word: "--help", help: "show help" }];
  return [
    { path: path.join(" "), words },
    ...command.commands.flatMap((sub) => entriesOf(sub, [...path, sub.name()])),
  ];
}

/** The completion script of `program` for a shell. */
export function renderCompletion(program: Command, shell: Shell): string {
  const entries = entriesOf(program);
  if (shell === "fish") return renderFish(entries);
  const bash = renderBash(entries);
  return shell === "bash" ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function renderBash(entries: Entry[]): string {
  const cases = entries
    .map(({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(" ")}" ;;`)
    .join("\n");
  const known = entries.map(({ path }) => path).filter((path) => path !== "");
  return `_symphony() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${path:+$path }$word" in
      ${known.map((path) => `"${path}"`).join(" | ")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _symphony symphony ./symphony`;
}

function renderFish(entries: Entry[]): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = entries.flatMap(({ path, words }) => {
    const [first, second] = path.split(" ");
    const condition =
      path === ""
        ? "__fish_use_subcommand"
        : second === undefined
          ? `__fish_seen_subcommand_from ${String(first)}`
          : `__fish_seen_subcommand_from ${String(first)}; and __fish_seen_subcommand_from ${second}`;
    return words.map(({ word, help }) => {
      const flag = word.startsWith("--")
        ? `-l ${word.slice(2)}`
        : word.startsWith("-")
          ? `-s ${word.slice(1)}`
          : `-a ${word}`;
      return `complete -c symphony -n ${quote(condition)} -f ${flag} -d ${quote(help)}`;
    });
  });
  return lines.join("\n");
}
