<?php

// Loads the plugin's classes, and the client's: from lib/ as tools/package puts it there, in the source tree from clients/php. Protobuf's
// runtime is the extension's, another plugin's or Composer's where one of them has it, else that of lib/ or of Debian.

declare(strict_types=1);

(static function (): void {
    $plugin = dirname(__DIR__);
    $lib = is_dir("$plugin/lib") ? "$plugin/lib" : dirname($plugin) . '/php';
    $runtime = is_dir("$plugin/lib/protobuf") ? "$plugin/lib/protobuf" : '/usr/share/php';
    $prefixes = [
        'Cognate\\WordPress\\' => "$plugin/src/",
        'Cognate\\Client\\Generated\\' => "$lib/generated/Cognate/Client/Generated/",
        'Cognate\\Client\\' => "$lib/src/Client/",
        'Cognate\\V1\\' => "$lib/generated/Cognate/V1/",
        'Cognate\\Rpc\\' => "$lib/generated/Cognate/Rpc/",
        'GPBMetadata\\Cognate\\' => "$lib/generated/GPBMetadata/Cognate/",
        'Google\\Protobuf\\' => "$runtime/Google/Protobuf/",
        'GPBMetadata\\Google\\Protobuf\\' => "$runtime/GPBMetadata/Google/Protobuf/",
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
})();
