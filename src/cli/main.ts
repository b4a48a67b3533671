#!/usr/bin/env node
/** The entry of the `moec` command: hands the arguments to `run` and its answer to the shell. */
import { nodeHost } from "../host/node.js";
import { watchOutput } from "./lost-output.js";
import { run } from "./run.js";

watchOutput(nodeHost);
process.exitCode = await run(process.argv.slice(2), nodeHost);
