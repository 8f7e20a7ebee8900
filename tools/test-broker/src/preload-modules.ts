/**
 * Loads the modules of RabbitMQ and of the applications that it depends on. `code:ensure_modules_loaded` loads all of
 * them at once. RabbitMQ would load them one by one, searches 60 folders for each of them, and stops all schedulers
 * each time, which takes half of the processor time of its start.
 */
const PRELOAD_MODULES = `
  Describe = fun(App) ->
    {ok, [{application, App, Properties}]} = file:consult(code:where_is_file(atom_to_list(App) ++ ".app")),
    Properties
  end,
  Collect = fun Collect(App, Known) ->
    case lists:keymember(App, 1, Known) of
      true -> Known;
      false ->
        Properties = Describe(App),
        Modules = proplists:get_value(modules, Properties),
        lists:foldl(Collect, [{App, Modules} | Known], proplists:get_value(applications, Properties))
    end
  end,
  Apps = Collect(rabbit, []),
  [code:add_patha(code:lib_dir(App, ebin)) || {App, _} <- Apps],
  code:ensure_modules_loaded(lists:append([Modules || {_, Modules} <- Apps]))`;

/** Waits until a file exists. */
const awaitFile = (path: string): string =>
  `Wait = fun Wait() -> filelib:is_file("${path}") orelse begin timer:sleep(20), Wait() end end, Wait()`;

/**
 * Returns what `ERL_AFLAGS` must be for a node of RabbitMQ to load its modules at once. A version of RabbitMQ or Erlang
 * that the expression is not written for starts as usual.
 *
 * @param bootAfter - a file that the node waits for before it boots
 */
export const preloadFlags = (bootAfter?: string): string =>
  [PRELOAD_MODULES, ...(bootAfter === undefined ? [] : [awaitFile(bootAfter)])]
    .map((expression) => `-eval '_ = (catch begin ${expression.replaceAll(/\s+/g, ' ')} end).'`)
    .join(' ');
