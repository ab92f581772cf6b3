import org.slf4j.LoggerFactory;

/** Writes with logback's SyslogAppender. */
public class Main {
    public static void main(String[] args) {
        LoggerFactory.getLogger(Main.class).error("payment refused", new IllegalStateException("no funds"));
    }
}
