<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

/** A copy of Debian's WordPress in a directory that goes with the test; its sites share the code, and have all else for themselves. */
final class WordPress
{
    private const SOURCE = '/usr/share/wordpress';
    private const CONFIG = <<<'PHP'
        <?php
        $site = json_decode((string) file_get_contents((string) getenv('WORDPRESS_SITE')), true, 16, JSON_THROW_ON_ERROR);
        define('DB_NAME', $site['database']);
        define('DB_USER', 'root');
        define('DB_PASSWORD', '');
        define('DB_HOST', 'localhost:' . $site['socket']);
        define('DB_CHARSET', 'utf8mb4');
        define('WP_HOME', $site['url']);
        define('WP_SITEURL', $site['url']);
        define('WP_CONTENT_DIR', $site['content']);
        define('WP_CONTENT_URL', $site['url'] . '/wp-content');
        define('DISABLE_WP_CRON', true);
        define('AUTOMATIC_UPDATER_DISABLED', true);
        define('WP_HTTP_BLOCK_EXTERNAL', true);
        define('WP_ACCESSIBLE_HOSTS', '127.0.0.1');
        define('WP_DEBUG', true);
        define('WP_DEBUG_DISPLAY', false);
        define('WP_DEBUG_LOG', $site['content'] . '/debug.log');
        foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $salt) {
            define($salt, hash('sha256', $site['database'] . $salt));
        }
        foreach ($site['constants'] ?? [] as $name => $value) {
            define($name, $value);
        }
        $table_prefix = $site['prefix'];
        defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
        require_once ABSPATH . 'wp-settings.php';
        PHP;

    public readonly string $code;
    /** @var list<string> how PHP is called: each process reads all of WordPress, and compiles it once for all of them */
    public readonly array $php;

    public function __construct(public readonly string $home)
    {
        $this->code = "$home/wordpress";
        mkdir("$home/opcache");
        $this->php = [PHP_BINARY, '-d', 'opcache.enable_cli=1', '-d', 'opcache.file_cache_only=1', '-d', "opcache.file_cache=$home/opcache"];
        self::run(['cp', '-RL', '--no-preserve=ownership', self::SOURCE, $this->code]);
        @unlink("$this->code/.htaccess");
        file_put_contents("$this->code/wp-config.php", self::CONFIG . "\n");
        self::run([dirname(__DIR__, 2) . '/tools/package', "$home/plugin"]);
    }

    public static function isThere(): bool
    {
        return is_file(self::SOURCE . '/wp-load.php');
    }

    /** @param list<string> $words */
    public static function run(array $words): string
    {
        $process = proc_open($words, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes);
        $said = $process === false ? '' : (string) stream_get_contents($pipes[1]);
        if ($process === false || proc_close($process) !== 0) {
            throw new \RuntimeException(implode(' ', $words) . ": $said");
        }
        return $said;
    }
}
