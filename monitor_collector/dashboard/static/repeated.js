// What a page asks again and again while it is open.

// Does some work, and again so many ms after each time that it was done, until the signal says to stop. `complain` is
// told of errors; the next time may go well.
export async function repeatedly(work, milliseconds, signal, complain) {
  while (!signal.aborted) {
    try {
      await work(signal);
    } catch (error) {
      if (signal.aborted) return;
      complain(error);
    }
    await pause(milliseconds, signal);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
