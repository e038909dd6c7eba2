// Runs in Deno before the function: ends it with the process that started it, however that ends.
(async () => {
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
})();
