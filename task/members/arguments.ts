import type { ParameterItem } from "../data.ts";
import type { CommanderCommand, CommanderOption } from "../parameters/commander.ts";
import { itemOf } from "../parameters/items.ts";
import { castLike, castTo } from "../parameters/text-forms.ts";
import { runsRemotely } from "../remote.ts";
import { ParameterTask } from "./parameters.ts";

const ARGUMENTS = "Args";

/** The arguments of a program: section `Args`, where the official SDK keeps those of argparse. */
export class ArgumentTask extends ParameterTask {
  /**
   * Ties parsed arguments (of `parseArgs`, yargs, citty …) to the task. Under an agent the task's values come into the object, those
   * that the program does not have, too; what was `given` on the command line wins. Returns the object.
   */
  connectArguments<T extends object>(values: T, { given = [] }: { readonly given?: Iterable<string> } = {}): T {
    const kept = new Set(given);
    const target = values as Record<string, unknown>;
    if (runsRemotely(this.id))
      for (const [name, item] of Object.entries(this.sections[ARGUMENTS] ?? {}))
        if (!kept.has(name))
          target[name] = (name in target ? castLike(item.value, target[name], item.type) : castTo(item.value, item.type)) ?? target[name];
    const items = Object.entries(target).filter(([name, value]) => typeof value !== "function" && !/^[_$]/.test(name));
    this.recordItems(items.map(([name, value]) => itemOf(ARGUMENTS, name, value, this.sections[ARGUMENTS]?.[name])));
    return values;
  }

  /** The same for a command of commander, before or after its `parse`: the command line wins over the task, and the task over the defaults. */
  connectCommand<T extends CommanderCommand>(command: T): T {
    const isRemote = runsRemotely(this.id);
    const items: ParameterItem[] = [];
    for (const option of command.options) {
      const name = option.attributeName();
      const item = this.sections[ARGUMENTS]?.[name];
      if (name === "version") continue;
      if (isRemote && item !== undefined && command.getOptionValueSource(name) !== "cli")
        command.setOptionValueWithSource(name, optionValue(option, command.getOptionValue(name), item), "task");
      const recorded = itemOf(ARGUMENTS, name, command.getOptionValue(name), item);
      items.push(option.description === "" ? recorded : { ...recorded, description: option.description });
    }
    this.recordItems(items);
    return command;
  }
}

function optionValue(option: CommanderOption, local: unknown, item: ParameterItem): unknown {
  if (option.isBoolean()) return castTo(item.value, "bool") ?? local;
  return option.parseArg === undefined ? (castLike(item.value, local, item.type) ?? local) : option.parseArg(item.value, undefined);
}
