<?php

// In each site of the tests: no mail leaves it, and KILL="Report 1 before" ends a worker right before (or after) its first such call.

declare(strict_types=1);

if (!function_exists('wp_mail')) {
    function wp_mail(): bool
    {
        return true;
    }
}

if (getenv('WP_CLI')) {
    define('WP_CLI', true);
    // In the place of the real one, which Debian does not have.
    final class WP_CLI
    {
        /** @var array<string, callable> */
        public static array $commands = [];
        /** @var list<string> */
        public static array $said = [];

        public static function add_command(string $name, callable $command): void
        {
            self::$commands[$name] = $command;
        }

        public static function line(string $sentence): void
        {
            self::$said[] = "line $sentence";
        }

        public static function error(string $sentence): void
        {
            self::$said[] = "error $sentence";
        }

        public static function halt(int $code): void
        {
            self::$said[] = "halt $code";
        }
    }
}

[$test_method, $test_call, $test_when] = explode(' ', (string) getenv('KILL')) + ['', '0', ''];
if ($test_method !== '') {
    add_action('plugins_loaded', static function () use ($test_method, $test_call, $test_when): void {
        $site = json_decode((string) file_get_contents((string) getenv('WORDPRESS_SITE')), true);
        require_once dirname($site['tests']) . '/php/tests/Laravel/Support/KillingTransport.php';
        $hub = Cognate\WordPress\Plugin::instance()->hub;
        $inner = $hub->client()->transport();
        $hub->use(Cognate\Client\Cognate::over(new Cognate\Tests\Laravel\Support\KillingTransport($inner, (int) $test_call, $test_when === 'before', [$test_method])));
    }, PHP_INT_MAX);
}

// Large files go piece by piece: records are looked at in between.
if (getenv('SLICE')) {
    add_filter('cognate_file_slice_seconds', static fn (): float => (float) getenv('SLICE'));
}

// SYNCS=FILE: in the place of PHP's functions, which they call, for the plugin's classes that write files. FILE has what was synced and renamed.
if (getenv('SYNCS')) {
    eval('namespace Cognate\WordPress\Files {
        function fsync($stream): bool {
            \file_put_contents(\getenv("SYNCS"), "sync " . \fstat($stream)["ino"] . " " . \fstat($stream)["size"] . "\n", FILE_APPEND);
            return \fsync($stream);
        }
        function rename(string $from, string $to): bool {
            \file_put_contents(\getenv("SYNCS"), "rename " . \stat($from)["ino"] . " " . \stat($from)["size"] . "\n", FILE_APPEND);
            return \rename($from, $to);
        }
    }');
}
