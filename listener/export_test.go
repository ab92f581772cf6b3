package listener

// DrainTime is how long a stop waits for the end of a connection.
const DrainTime = drainTime
