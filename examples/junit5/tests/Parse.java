import com.sun.source.util.JavacTask;
import java.nio.file.Path;
import java.util.List;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/** Reads Java by its grammar alone: what it imports need not be there. */
class Parse {
    public static void main(String[] files) throws Exception {
        var javac = ToolProvider.getSystemJavaCompiler();
        var sources = javac.getStandardFileManager(null, null, null).getJavaFileObjects(Path.of(files[0]));
        var found = new DiagnosticCollector<JavaFileObject>();
        ((JavacTask) javac.getTask(null, null, found, List.of(), null, sources)).parse();
        found.getDiagnostics().forEach(System.err::println);
        System.exit(found.getDiagnostics().isEmpty() ? 0 : 1);
    }
}
