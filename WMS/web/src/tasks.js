// Calls of the worker: one at a time in the order they came, so that memory holds one decoded photo at most.

const worker = new Worker(new URL(WORKER, location.href), { type: "module" });
const waiting = new Map();
let last = 0;
let queue = Promise.resolve();

worker.onmessage = ({ data: { id, answer, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
};
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(`The page's worker failed: ${event.message}. Reload the page.`));
  waiting.clear();
};

/** Ask for a task of worker.js. */
export function ask(task, values) {
  const asked = queue.then(
    () =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, task, ...values });
      }),
  );
  queue = asked.catch(() => {});
  return asked;
}
