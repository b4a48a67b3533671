#!/usr/bin/env node
/** The entry of the `moec` command: hands the arguments to `run` and its answer to the shell. */
import { nodeHost } from "../host/node.js";
import { run } from "./run.js";

// whoever reads our output may stop reading: `moec explain … | head`
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});
process.exitCode = await run(process.argv.slice(2), nodeHost);
