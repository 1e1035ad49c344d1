<?php

// Loads without Composer: Debian's packages under /usr/share/php, our own sources by PSR-4. With a vendor directory (composer install)
// that is taken instead of Debian's.

declare(strict_types=1);

error_reporting(E_ALL);

$root = dirname(__DIR__);
if (is_file("$root/vendor/autoload.php")) {
    require "$root/vendor/autoload.php";
}

/** @var array<string, string> $prefixes the longest that fits counts */
$prefixes = [
    'Cognate\\Client\\Generated\\' => "$root/generated/Cognate/Client/Generated/",
    'Cognate\\Tests\\' => "$root/tests/",
    'GPBMetadata\\Cognate\\' => "$root/generated/GPBMetadata/Cognate/",
    'Cognate\\Rpc\\' => "$root/generated/Cognate/Rpc/",
    'Cognate\\V1\\' => "$root/generated/Cognate/V1/",
    'Cognate\\' => "$root/src/",
    'Google\\Protobuf\\' => '/usr/share/php/Google/Protobuf/',
    'GPBMetadata\\Google\\Protobuf\\' => '/usr/share/php/GPBMetadata/Google/Protobuf/',
];
spl_autoload_register(static function (string $class) use ($prefixes): void {
    foreach ($prefixes as $prefix => $directory) {
        if (str_starts_with($class, $prefix)) {
            $file = $directory . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
            if (is_file($file)) {
                require $file;
            }
            return;
        }
    }
});
