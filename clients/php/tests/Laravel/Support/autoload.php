<?php

declare(strict_types=1);

require_once dirname(__DIR__, 2) . '/bootstrap.php';

// Debian's packages bring autoloaders of their own.
if (!class_exists(Illuminate\Database\Capsule\Manager::class)) {
    foreach (['Database', 'Events', 'Console', 'Container', 'Queue', 'Translation', 'Config', 'Filesystem', 'Bus'] as $part) {
        require_once "Illuminate/$part/autoload.php";
    }
    require_once 'PhpOption/autoload.php';
    require_once 'Dotenv/autoload.php';
}
