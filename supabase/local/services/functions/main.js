// Runs in Deno: starts the function, and ends it with the process that started it, however that ends.
(async () => {
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
})();

await import(Deno.args[0]);
