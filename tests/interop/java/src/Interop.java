import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.ComputeEngineCredentials;
import com.google.auth.oauth2.GoogleCredentials;
import com.google.auth.oauth2.IdToken;
import java.util.Base64;
import java.util.List;

/**
 * Prints whose token Google's library for Java found and the token, and then an ID token's claims. It knows nothing of
 * who serves them.
 */
final class Interop {
  private static final String SCOPE = "https://www.googleapis.com/auth/cloud-platform";
  private static final String AUDIENCE = "https://service.example/path?a=b";

  public static void main(String[] arguments) throws Exception {
    GoogleCredentials found = GoogleCredentials.getApplicationDefault().createScoped(SCOPE);
    ComputeEngineCredentials compute = (ComputeEngineCredentials) found;
    AccessToken token = compute.refreshAccessToken();
    System.out.printf("java %s %s %s%n", compute.getProjectId(), compute.getAccount(), token.getTokenValue());
    IdToken identity = compute.idTokenWithAudience(AUDIENCE, List.of());
    String claims = identity.getTokenValue().split("\\.")[1];
    System.out.println("idtoken " + new String(Base64.getUrlDecoder().decode(claims)));
  }
}
