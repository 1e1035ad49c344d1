<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\MariaDb;

/** One site: what somebody does on it, and its workers, as processes of their own. */
final class Site
{
    public readonly string $file;
    public readonly string $content;
    public readonly \PDO $database;

    public function __construct(public readonly string $name, private readonly WordPress $wordPress, public readonly string $prefix, string $url = '')
    {
        $this->content = "$wordPress->home/$name";
        foreach (['plugins', 'themes/plain', 'uploads', 'mu-plugins'] as $directory) {
            mkdir("$this->content/$directory", 0755, true);
        }
        file_put_contents("$this->content/themes/plain/style.css", "/*\nTheme Name: Plain\n*/\n");
        file_put_contents("$this->content/themes/plain/index.php", "<?php\n");
        file_put_contents("$this->content/themes/plain/functions.php", "<?php\nadd_theme_support('post-thumbnails');\n");
        copy(__DIR__ . '/mu_plugin.php', "$this->content/mu-plugins/test.php");
        symlink("$wordPress->home/plugin/cognate", "$this->content/plugins/cognate");
        $database = MariaDb::database($name);
        $this->file = "$wordPress->home/$name.json";
        $this->write(['database' => $name, 'socket' => $database['unix_socket'], 'url' => $url === '' ? "http://$name.example.org" : $url, 'content' => $this->content, 'prefix' => $prefix,
            'tests' => dirname(__DIR__, 2)]);
        $this->database = new \PDO("mysql:unix_socket={$database['unix_socket']};dbname=$name;charset=utf8mb4", 'root', '', [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
        $this->php("require_once ABSPATH . 'wp-admin/includes/upgrade.php'; wp_install('$name', 'admin', 'admin@$name.example.org', true, '', 'geheim'); switch_theme('plain');", ['INSTALLING' => '1']);
        $this->php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; \$error = activate_plugin('cognate/cognate.php'); return is_wp_error(\$error) ? \$error->get_error_message() : null;")
            === null || throw new \RuntimeException('the plugin does not start: ' . $this->log());
    }

    /** @param array<string, mixed> $values */
    private function write(array $values): void
    {
        file_put_contents($this->file, json_encode($values, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES));
    }

    /** @param array<string, mixed> $settings */
    public function settings(array $settings): void
    {
        $this->php('Cognate\WordPress\Plugin::instance()->settings->save(' . var_export($settings, true) . ');');
    }

    /**
     * Runs code as a request of its own would.
     *
     * @param array<string, string> $environment
     * @return mixed what it returns
     */
    public function php(string $code, array $environment = []): mixed
    {
        [$process, $pipes] = $this->start([...$this->wordPress->php, __DIR__ . '/request.php', $this->wordPress->code, $code], $environment, ['pipe', 'w']);
        $said = (string) stream_get_contents($pipes[1]);
        if (proc_close($process) !== 0) {
            throw new \RuntimeException("$code on $this->name failed: $said" . $this->log());
        }
        $marked = explode("\nANSWER ", "\n$said");
        return json_decode((string) end($marked), true, 64, JSON_THROW_ON_ERROR);
    }

    /** One of the plugin's commands. */
    public function cognate(string ...$words): string
    {
        return $this->cognateWith([], ...$words);
    }

    /** @param array<string, string> $environment */
    public function cognateWith(array $environment, string ...$words): string
    {
        [$process, $pipes] = $this->start($this->words($words), $environment, ['pipe', 'w']);
        return self::ended([$process, $pipes[1]]);
    }

    /** The same, while others run beside it; ended by `ended`. @return array{resource, resource} */
    public function begin(string ...$words): array
    {
        [$process, $pipes] = $this->start($this->words($words), [], ['pipe', 'w']);
        return [$process, $pipes[1]];
    }

    /** @param array{resource, resource} $begun */
    public static function ended(array $begun): string
    {
        $said = (string) stream_get_contents($begun[1]);
        $code = proc_close($begun[0]);
        return $said . ($code === 0 ? '' : "ended with $code\n");
    }

    /**
     * Runs a worker that ends itself by kill -9 at a call that `$kill` names; see mu_plugin.php. Or that a rule of the proxy ends.
     *
     * @return bool false: it has ended before
     */
    public function workUntilKilled(string|Proxy $kill): bool
    {
        [$process] = $this->start($this->words(['work', '--seconds=5', '--idle=0.1']), is_string($kill) ? ['KILL' => $kill] : [], ['file', "$this->file.log", 'a']);
        $status = proc_get_status($process);
        is_string($kill) || $kill->victim($status['pid']);
        Eventually::is(static function () use ($process, &$status): bool {
            $status = proc_get_status($process);
            return !$status['running'];
        }, 'the worker has ended');
        proc_close($process);
        return $status['signaled'] && $status['termsig'] === SIGKILL;
    }

    /** @param list<string> $words @return list<string> */
    private function words(array $words): array
    {
        return [...$this->wordPress->php, "$this->content/plugins/cognate/bin/cognate", "--path={$this->wordPress->code}", ...$words];
    }

    /**
     * @param list<string> $words
     * @param array<string, string> $environment
     * @param array<mixed> $output
     * @return array{resource, array<int, resource>}
     */
    private function start(array $words, array $environment, array $output): array
    {
        $process = proc_open($words, [['file', '/dev/null', 'r'], $output, ['file', "$this->file.log", 'a']], $pipes, $this->wordPress->home, ['WORDPRESS_SITE' => $this->file] + $environment + getenv());
        return $process === false ? throw new \RuntimeException('cannot start php') : [$process, $pipes];
    }

    public function log(): string
    {
        return @file_get_contents("$this->file.log") . @file_get_contents("$this->content/debug.log");
    }

    /** @return list<string> what PHP finds odd about the plugin's own code */
    public function complaints(): array
    {
        return array_values(preg_grep('#PHP (Warning|Notice|Deprecated|Fatal|Parse).*/cognate/(src|lib|bin)/#', explode("\n", $this->log())) ?: []);
    }

    public function pending(): int
    {
        return (int) $this->database->query("SELECT COUNT(*) FROM {$this->prefix}cognate_outbox")->fetchColumn();
    }

    /** @return list<array<string, mixed>> */
    public function rows(string $statement): array
    {
        return $this->database->query(str_replace('{', $this->prefix, str_replace('}', '', $statement)))->fetchAll(\PDO::FETCH_ASSOC);
    }
}
