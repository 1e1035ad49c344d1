<?php

declare(strict_types=1);

// A Laravel application that receives records the way of one signed webhook a record: it boots, checks the signature and the input, looks
// the platforms up, and writes by the query builder in a transaction, as a job of the sync queue.
// php -S 127.0.0.1:0 webhook.php, with DATABASE (JSON), SECRET and APPLICATION_HOME in the environment.
require __DIR__ . '/autoload.php';
require_once 'Illuminate/autoload.php';

use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as KernelContract;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\Kernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Route;
use Illuminate\Support\Facades\Validator;

$home = (string) getenv('APPLICATION_HOME');
if (!is_dir("$home/config")) {
    foreach (['config', 'bootstrap/cache', 'storage/framework/views', 'storage/logs', 'resources/views', 'resources/lang'] as $directory) {
        is_dir("$home/$directory") || @mkdir("$home/$directory", 0777, true);
    }
    $providers = array_map(static fn (string $name): string => "Illuminate\\$name", [
        'Auth\AuthServiceProvider', 'Bus\BusServiceProvider', 'Cache\CacheServiceProvider', 'Cookie\CookieServiceProvider', 'Database\DatabaseServiceProvider',
        'Encryption\EncryptionServiceProvider', 'Filesystem\FilesystemServiceProvider', 'Foundation\Providers\FoundationServiceProvider', 'Hashing\HashServiceProvider',
        'Pagination\PaginationServiceProvider', 'Pipeline\PipelineServiceProvider', 'Queue\QueueServiceProvider', 'Session\SessionServiceProvider',
        'Translation\TranslationServiceProvider', 'Validation\ValidationServiceProvider', 'View\ViewServiceProvider',
    ]);
    $configuration = [
        'app' => ['name' => 'target', 'env' => 'production', 'debug' => false, 'key' => 'base64:' . base64_encode(random_bytes(32)), 'cipher' => 'AES-256-CBC', 'timezone' => 'UTC', 'locale' => 'en', 'fallback_locale' => 'en', 'providers' => $providers, 'aliases' => []],
        'database' => ['default' => 'pgsql', 'connections' => ['pgsql' => json_decode((string) getenv('DATABASE'), true)], 'migrations' => 'migrations'],
        'cache' => ['default' => 'array', 'stores' => ['array' => ['driver' => 'array']]],
        'queue' => ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']]],
        'logging' => ['default' => 'errorlog', 'channels' => ['errorlog' => ['driver' => 'errorlog', 'level' => 'error']]],
        'view' => ['paths' => ["$home/resources/views"], 'compiled' => "$home/storage/framework/views"],
        'session' => ['driver' => 'array'],
        'hashing' => ['driver' => 'bcrypt'],
        'auth' => ['defaults' => ['guard' => 'web'], 'guards' => ['web' => ['driver' => 'session', 'provider' => 'users']], 'providers' => ['users' => ['driver' => 'database', 'table' => 'users']]],
    ];
    // In one file, as `config:cache` would have it.
    file_put_contents("$home/bootstrap/cache/config.php.part", '<?php return ' . var_export($configuration, true) . ';');
    rename("$home/bootstrap/cache/config.php.part", "$home/bootstrap/cache/config.php");
    file_put_contents("$home/bootstrap/cache/packages.php", '<?php return [];');
}
$app = new Application($home);
$app->singleton(KernelContract::class, Kernel::class);
$app->singleton(ExceptionHandler::class, Handler::class);
$kernel = $app->make(KernelContract::class);
$app->booted(static function (): void {
    Route::post('/sync-webhook', static function (Request $request) {
        if (!hash_equals(hash_hmac('sha256', $request->getContent(), (string) getenv('SECRET')), (string) $request->header('X-Webhook-Signature'))) {
            return response()->json(['message' => 'Invalid signature'], 401);
        }
        $sent = Validator::make($request->all(), [
            'event_type' => 'required|in:created,updated,deleted', 'model' => 'required|array', 'model_class' => 'required|string',
            'platform.domain' => 'required|string', 'should_delete' => 'required|boolean',
        ])->validate();
        foreach ([$sent['platform']['domain'], $request->getHost()] as $domain) {
            DB::table('platforms')->where('domain', $domain)->first();
        }
        $record = $sent['model'];
        dispatch(static fn () => DB::transaction(static fn () => DB::table('users')->updateOrInsert(['id' => $record['id']], $record)));
        return response()->json(['status' => 'success', 'message' => 'Sync job dispatched']);
    });
});
$request = Request::capture();
$response = $kernel->handle($request);
$response->send();
$kernel->terminate($request, $response);
