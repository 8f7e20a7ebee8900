import type { TestBroker } from './broker.js';
import type { Certificate } from './certificates.js';
import { findFreePorts } from './ports.js';

/** Ports on which a broker speaks TLS. */
export interface TlsListeners extends AsyncDisposable {
  /** Requires no certificate of the client. */
  readonly port: number;
  /** Requires one that the authority has signed. */
  readonly strictPort: number;
}

/** Lets a broker of the test's own speak TLS, with a certificate of the broker, until it is disposed. */
export const openTlsListeners = async (
  broker: TestBroker,
  { caFile, certFile, keyFile }: Certificate & { readonly caFile: string },
): Promise<TlsListeners> => {
  const [port, strictPort] = (await findFreePorts(2)) as [number, number];
  const files = Object.entries({ cacertfile: caFile, certfile: certFile, keyfile: keyFile }).map(
    ([name, path]) => `{${name}, ${JSON.stringify(path)}}`,
  );
  const listen = (on: number, verify: string): string =>
    `rabbit_networking:start_ssl_listener({"127.0.0.1", ${on}, inet}, [${files.join()}, ${verify}], 2)`;
  await broker.evaluate(
    `application:ensure_all_started(ssl), ${listen(port, '{verify, verify_none}')},
     ${listen(strictPort, '{verify, verify_peer}, {fail_if_no_peer_cert, true}')}, ok.`,
  );
  return {
    port,
    strictPort,
    [Symbol.asyncDispose]: async () => {
      await broker.evaluate(
        `[begin supervisor:terminate_child(rabbit_sup, Id), supervisor:delete_child(rabbit_sup, Id) end
           || {Id, _, _, [tcp_listener_sup]} <- supervisor:which_children(rabbit_sup),
              Port <- ["${port}", "${strictPort}"], lists:suffix(":" ++ Port, atom_to_list(Id))], ok.`,
      );
    },
  };
};
