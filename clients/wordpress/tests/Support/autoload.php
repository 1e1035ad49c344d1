<?php

declare(strict_types=1);

// The client's tests have the hub and the MariaDB that these use, too.
require_once dirname(__DIR__, 3) . '/php/tests/bootstrap.php';

spl_autoload_register(static function (string $class): void {
    $prefix = 'Cognate\\Tests\\WordPress\\';
    if (str_starts_with($class, $prefix)) {
        $file = dirname(__DIR__) . '/' . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
        is_file($file) && require $file;
    }
}, true, true);
