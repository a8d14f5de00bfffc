import { execFileSync } from "node:child_process";

import { Command } from "commander";

import { renderCompletion } from "./completion";

function program(): Command {
  const symphony = new Command("symphony");
  symphony.command("up").description("start everything").option("--port <port>", "the gateway's port");
  symphony.command("dlq").description("dead letters").command("show").description("one; it's whole");
  return symphony;
}

function complete(words: string[]): string[] {
  const script = `${renderCompletion(program(), "bash")}
COMP_WORDS=(symphony ${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${String(words.length)}; _symphony; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
}

test.each([
  [["u"], ["up"]],
  [["up", "--p"], ["--port"]],
  [["dlq", "s"], ["show"]],
  [["dlq", "show", "--"], ["--help"]],
])("bash completes %j with %j", (words, expected) => {
  expect(complete(words)).toEqual(expected);
});

test("zsh reads the same script, fish its own", () => {
  expect(renderCompletion(program(), "zsh")).toMatch(/^autoload -U \+X bashcompinit/);
  const fish = renderCompletion(program(), "fish");
  expect(fish).toContain("complete -c symphony -n '__fish_use_subcommand' -f -a up -d 'start everything'");
  expect(fish).toContain("-d 'one; it\\'s whole'");
});
