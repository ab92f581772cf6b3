import org.apache.logging.log4j.LogManager;

/** Writes with Log4j's Syslog appender in both formats. */
public class Main {
    public static void main(String[] args) {
        LogManager.getLogger("old").error("payment refused over udp");
        LogManager.getLogger("new").error("payment refused over tcp");
        LogManager.shutdown();
    }
}
