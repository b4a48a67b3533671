/** The part of chrome-remote-interface that the browser test uses; the package brings no types. */
declare module "chrome-remote-interface" {
  export interface Client {
    send(method: string, params?: object): Promise<Record<string, unknown>>;
    on(event: string, listener: (params: never) => void): void;
    close(): Promise<void>;
  }
  function connect(options: { host: string; port: number; local: boolean }): Promise<Client>;

  // biome-ignore lint/style/noDefaultExport: so the package has it
  export { connect as default };
}
