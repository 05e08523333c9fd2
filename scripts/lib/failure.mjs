/** A failure with a remedy: printed without a stack. */
export function failure(message, remedy, cause) {
  return Object.assign(new Error(message, { cause }), { remedy });
}

/** Runs a script's main function; what it returns is the exit code. */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    const known = error?.remedy !== undefined;
    process.stderr.write(`\nerror: ${known ? error.message : (error?.stack ?? error)}\n`);
    if (known) process.stderr.write(`  fix: ${error.remedy}\n`);
    process.exitCode = error?.exitCode ?? 1;
  }
}
