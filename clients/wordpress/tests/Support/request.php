<?php

// Runs code in a WordPress as a request would: php request.php DIRECTORY CODE. What the code returns is said as JSON behind ANSWER.

declare(strict_types=1);

[, $cognate_directory, $cognate_code] = $argv;
$_SERVER += ['HTTP_HOST' => 'localhost', 'SERVER_NAME' => 'localhost', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
if (getenv('INSTALLING')) {
    define('WP_INSTALLING', true);
}
require "$cognate_directory/wp-load.php";
$cognate_answer = (static fn (): mixed => eval($cognate_code . "\nreturn null;"))();
echo "\nANSWER ", json_encode($cognate_answer);
