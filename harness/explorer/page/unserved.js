// Without a server the page answers from what it holds alone.

const servedParts = () => [];
const startServed = () => {};
