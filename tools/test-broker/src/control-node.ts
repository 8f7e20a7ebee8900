import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TestBrokerError } from './errors.js';

/**
 * Evaluates each line of standard input (an Erlang expression, in base64) on the broker's node and prints a line:
 * `ok` or `error`, and the result as text, in base64. Ends with its standard input.
 */
const LOOP = `
  Node = list_to_atom(os:getenv("CONTROLLED_NODE")),
  Evaluate = fun(Line) ->
    Text = unicode:characters_to_list(base64:decode(string:trim(Line))),
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    case rpc:call(Node, erl_eval, exprs, [Expressions, erl_eval:new_bindings()]) of
      {value, Value, _} -> {ok, Value};
      Other -> {error, Other}
    end
  end,
  Loop = fun Next() ->
    case io:get_line("") of
      eof -> halt();
      Line ->
        {Tag, Result} = try Evaluate(Line) catch _:Reason -> {error, Reason} end,
        Text = unicode:characters_to_binary(io_lib:format("~tp", [Result])),
        io:format("~s ~s~n", [Tag, base64:encode(Text)]),
        Next()
    end
  end,
  Loop().`;

/** An Erlang node that runs expressions on a broker's node. */
export interface ControlNode {
  /**
   * Evaluates an expression, like `rabbitmqctl eval` but without starting a program, which takes most of a second of
   * processor time.
   * @throws TestBrokerError `CONTROL_FAILED`
   */
  evaluate(expression: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Prepares a control node for `node`; it starts with the first expression, and ends with this process.
 *
 * @param env - the environment of the broker: its cookie and port mapper
 */
export const createControlNode = (node: string, erlArgs: readonly string[], env: NodeJS.ProcessEnv): ControlNode => {
  let child: ChildProcess | undefined;
  const waiting: { resolve: (text: string) => void; reject: (error: unknown) => void }[] = [];
  const failAll = (): void => {
    for (const { reject } of waiting.splice(0)) {
      reject(new TestBrokerError('CONTROL_FAILED', 'The control node of the broker has ended'));
    }
  };

  const start = (): ChildProcess => {
    const name = `control-${node}`;
    const started = spawn('erl', [...erlArgs, '-noshell', '-hidden', '-sname', name, '-eval', LOOP], {
      cwd: env['HOME'],
      env: { ...env, CONTROLLED_NODE: node },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    started.once('error', failAll);
    started.once('exit', failAll);
    started.stdin.on('error', () => {});
    createInterface(started.stdout).on('line', (line) => {
      const [tag, text = ''] = line.split(' ');
      const result = Buffer.from(text, 'base64').toString();
      const call = waiting.shift();
      if (tag === 'ok') call?.resolve(result);
      else
        call?.reject(new TestBrokerError('CONTROL_FAILED', `The broker could not evaluate an expression: ${result}`));
    });
    return started;
  };

  return {
    evaluate: (expression) =>
      new Promise((resolve, reject) => {
        child ??= start();
        waiting.push({ resolve, reject });
        child.stdin?.write(`${Buffer.from(expression).toString('base64')}\n`);
      }),
    close: async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
};
