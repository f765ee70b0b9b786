/** `countersign completion`: the script with which a shell completes commands, options and their values. */

import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { UsageError, type Answer } from "./answer.ts";

/** One word a shell may offer, with its help. */
interface Word {
  readonly text: string;
  readonly help: string;
}

/** What may follow a command: subcommands or values of its arguments, and its options. `path`: without the program's name. */
interface Place {
  readonly path: string;
  readonly words: readonly Word[];
  readonly options: readonly Word[];
}

const SCRIPTS: Readonly<Record<string, (name: string, places: readonly Place[]) => string>> = {
  bash: bashScript,
  // zsh runs bash's completions.
  zsh: (name, places) =>
    `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(name, places)}`,
  fish: fishScript,
};

/** Returns the script of a shell for a program and all its commands. Throws UsageError for another shell. */
export function completionScript(program: CommandUnknownOpts, shell: string): Answer {
  const script = SCRIPTS[shell];
  if (script === undefined)
    throw new UsageError(`No completion is made for ${shell}: choose ${Object.keys(SCRIPTS).join(", ")}.`);
  const text = script(program.name(), placesUnder(program, ""));
  return { code: 0, lines: text.split("\n"), data: { shell, script: text } };
}

function placesUnder(command: CommandUnknownOpts, path: string): readonly Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((each) => each.name() !== "help");
  const values = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const here = {
    path,
    words: [
      ...commands.map((each) => ({ text: each.name(), help: each.description() })),
      ...values.map((text) => ({ text, help: "" })),
    ],
    options: help.visibleOptions(command).flatMap(({ long, description }) => {
      return typeof long === "string" ? [{ text: long, help: description }] : [];
    }),
  };
  return [here, ...commands.flatMap((each) => placesUnder(each, `${path} ${each.name()}`.trim()))];
}

/** INVARIANT: no variable is called as one of zsh's own, such as `path`, `words` and `options`. */
function bashScript(name: string, places: readonly Place[]): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== "");
  const texts = (words: readonly Word[]): string => words.map(({ text }) => text).join(" ");
  const cases = places.map(
    ({ path, words, options }) => `    "${path}") offer="${texts(words)}" flags="${texts(options)}" ;;`,
  );
  return `# ${name} completion bash
_${name}() {
  local at="" word offer="" flags="" current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "\${at:+$at }$word" in
      ${paths.map((path) => `"${path}"`).join(" | ")}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${cases.join("\n")}
  esac
  [[ $current == -* ]] && offer="$flags"
  COMPREPLY=($(compgen -W "$offer" -- "$current"))
}
complete -o default -F _${name} ${name}`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const quoted = (text: string): string => `'${text.replaceAll(/[\\']/gu, String.raw`\$&`)}'`;
  const lines = places.flatMap(({ path, words, options }) => {
    const begin = `complete -c ${name} -n ${quoted(`__${name}_at ${path}`.trim())}`;
    return [
      ...words.map(({ text, help }) => `${begin} -f -a ${text} -d ${quoted(help)}`),
      ...options.map(({ text, help }) => `${begin} -l ${text.slice(2)} -d ${quoted(help)}`),
    ];
  });
  const paths = places.map(({ path }) => quoted(path)).filter((path) => path !== "''");
  return `# ${name} completion fish
function __${name}_at
  set -l paths ${paths.join(" ")}
  set -l path
  for word in (commandline -opc)[2..]
    contains -- (string join -- ' ' $path $word) $paths; and set -a path $word
  end
  test "$path" = "$argv"
end
${lines.join("\n")}`;
}
